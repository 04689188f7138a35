package android.net;

public abstract class Uri {
    public abstract String getEncodedFragment();

    public abstract String getEncodedPath();

    public abstract String getEncodedQuery();

    public abstract String getHost();

    public abstract String getPath();

    public abstract int getPort();

    public abstract String getScheme();

    public abstract boolean isHierarchical();

    public native Uri normalizeScheme();

    public static native Uri parse(String uriString);
}
