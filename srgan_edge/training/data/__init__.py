"""From photos to batches: sources name them, photos hold them, crops are drawn from them."""
