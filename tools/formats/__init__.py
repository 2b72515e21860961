"""The built book in other shapes: PDF, EPUB, lecture decks, and all of them offered on its pages."""
