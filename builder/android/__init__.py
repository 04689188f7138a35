"""What an APK says of itself: its manifest, its resources, its names. Pure: texts from a project, no file is touched."""
