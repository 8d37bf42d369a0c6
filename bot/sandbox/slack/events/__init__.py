"""What Slack sends to the bot."""
