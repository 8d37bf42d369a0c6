"""The local stand-in of Slack: its Web API, Socket Mode and a page that behaves like the channel."""
