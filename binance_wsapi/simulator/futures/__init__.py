"""USD-M and COIN-M futures: contracts, matching, positions, margin, conditional orders, listen keys."""
