"""The paper: a study of when the kernel theory is true, and the document that its results print."""
