"""What Slack accepts."""
