"""Files and folders that are whole or not there, who may write to them, and their digests."""
