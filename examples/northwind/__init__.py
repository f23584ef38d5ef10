"""A real wholesaler's two years of sales, played through the whole chain day by day."""
