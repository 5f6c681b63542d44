"""Users, what they may do where, and how they log in."""
