"""`speech2code serve`: a page in the browser that people speak to. Everything but `page.py` works without Gradio."""
