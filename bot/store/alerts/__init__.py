"""From events to alerts, and when these are due in Slack."""
