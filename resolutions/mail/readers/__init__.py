"""One module for each way in which a mail says that it was not delivered.

Each has `read(mail)`, which returns what the mail says of each recipient, nothing where it is not
of this kind.
"""
