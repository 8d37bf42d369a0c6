"""SPEAK: with mail providers, with Slack, with ticket systems."""
