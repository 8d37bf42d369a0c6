"""Words in character sets that are not named."""

import pytest

from resolutions.mail.read import read
from tests.resolutions.mail.made import mail_of


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("iso8859_2", "wiadomość nie została dostarczona, skrzynka pocztowa jest pełna"),
        ("cp1250", "zprávu se nepodařilo doručit, schránka je plná, uživatel neexistuje"),
        ("cp1252", "die Nachricht an den Empfänger konnte nicht zugestellt werden: überfüllt"),
        ("cp1254", "ileti gönderilemedi: adres geçersiz, böyle bir düğüm şu an yok"),
        ("cp1257", "vēstuli nevarēja piegādāt saņēmējam, pastkastīte ir pilna"),
        ("iso8859_7", "το μήνυμά σας δεν παραδόθηκε στον παραλήπτη"),
        ("cp1255", "הודעתך לא נמסרה לנמען, תיבת הדואר מלאה"),
        ("cp1256", "لم يتم تسليم رسالتك إلى المستلم، صندوق البريد ممتلئ"),
        ("cp874", "ไม่สามารถส่งข้อความของคุณไปยังผู้รับได้ กล่องจดหมายเต็ม"),
        ("cp1251", "ваше письмо не доставлено, почтовый ящик переполнен"),
        ("koi8_r", "ваше письмо не доставлено, почтовый ящик переполнен"),
        ("iso8859_5", "ваше письмо не доставлено, почтовый ящик переполнен"),
        ("gb18030", "您的邮件无法投递、收件人不存在、邮箱已满"),
        ("euc_jp", "お客様のメールは配信できませんでした。宛先が存在しません"),
        ("cp949", "메일이 전달되지 못했습니다. 존재하지 않는 사용자입니다"),
    ],
)
def test_words_are_read_though_no_charset_is_named(charset, words):
    mail = mail_of("From: MAILER-DAEMON@x.example", "Subject: failure notice")
    mail += f"<ana@x.example>:\n{words}\n".encode(charset)

    assert read(mail)[0].reply.text == words
