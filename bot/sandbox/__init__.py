"""The local stand-in of Slack: its Web API, Socket Mode, and a page like the channel."""
