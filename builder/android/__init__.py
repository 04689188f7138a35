"""What an APK says of itself: its names, its manifest, its resources. Pure: texts made of a project."""
