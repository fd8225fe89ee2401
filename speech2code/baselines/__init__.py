"""What the system is measured against: the paper's baseline and its topline."""
