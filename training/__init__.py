"""Where the likeness model comes from: labelled replies, and what learns from them.

`make learn` makes resolutions/knowledge/likeness.json anew; nothing of this folder runs in the bot.
"""
