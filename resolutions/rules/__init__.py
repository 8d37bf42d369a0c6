"""The wordings of receiving servers, and how they are found in a reply."""
