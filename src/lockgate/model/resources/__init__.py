"""Resources: everything an operator writes, one type per kind, field for field as in a resources file."""
