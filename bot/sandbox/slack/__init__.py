"""The stand-in of Slack."""
