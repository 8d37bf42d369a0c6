"""What a mail is made of: parts, headers, character sets, dates."""
