package android.webkit;

public abstract class WebSettings {
    public static final int MIXED_CONTENT_NEVER_ALLOW = 1;

    public abstract void setAllowContentAccess(boolean allow);

    public abstract void setAllowFileAccess(boolean allow);

    public abstract void setDomStorageEnabled(boolean flag);

    public abstract void setJavaScriptCanOpenWindowsAutomatically(boolean flag);

    public abstract void setJavaScriptEnabled(boolean flag);

    public abstract void setMediaPlaybackRequiresUserGesture(boolean require);

    public abstract void setMixedContentMode(int mode);

    public abstract void setSupportZoom(boolean support);
}
