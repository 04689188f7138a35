package android.webkit;

public class MimeTypeMap {
    public native String getMimeTypeFromExtension(String extension);

    public static native MimeTypeMap getSingleton();
}
