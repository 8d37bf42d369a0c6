"""Sending email again: nothing counts as sent again that the far side did not accept."""
