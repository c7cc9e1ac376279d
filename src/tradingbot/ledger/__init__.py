"""Who owns what of an account's money: each bot its part, and the rest is free."""
