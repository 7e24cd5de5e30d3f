"""Everyone's one home for pixels: decoding safely, normalising, measuring, similarity."""
