package android.webkit;

import android.net.Uri;

public class WebChromeClient {
    public WebChromeClient() {}

    public native void onCloseWindow(WebView window);

    public native void onGeolocationPermissionsShowPrompt(String origin, GeolocationPermissions.Callback callback);

    public native void onPermissionRequest(PermissionRequest request);

    public native boolean onShowFileChooser(
            WebView webView, ValueCallback<Uri[]> filePathCallback, FileChooserParams fileChooserParams);

    public abstract static class FileChooserParams {
        public static final int MODE_OPEN_MULTIPLE = 1;

        public abstract String[] getAcceptTypes();

        public abstract int getMode();
    }
}
