"""The Spot engine of the embedded exchange: order books, orders, order lists, accounts."""
