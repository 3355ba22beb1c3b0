"""How much one service carries: the highest request rate at which every promise holds, between two measured rates."""
