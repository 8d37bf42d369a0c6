"""What is said in Slack, as blocks; pure."""
