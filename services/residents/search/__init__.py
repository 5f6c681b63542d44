"""Finding people 查找 by what is known of them, though what is known is sealed: by keyed hashes of its words."""
