package android.webkit;

import android.content.Context;
import android.os.Bundle;
import android.widget.AbsoluteLayout;

public class WebView extends AbsoluteLayout {
    public WebView(Context context) {
        super(context);
    }

    public native void addJavascriptInterface(Object object, String name);

    public native boolean canGoBack();

    public native void destroy();

    public native void evaluateJavascript(String script, ValueCallback<String> resultCallback);

    public native WebSettings getSettings();

    public native String getUrl();

    public native void goBack();

    public native void loadUrl(String url);

    public native void onPause();

    public native void onResume();

    public native WebBackForwardList restoreState(Bundle inState);

    public native WebBackForwardList saveState(Bundle outState);

    public native void setBackgroundColor(int color);

    public native void setDownloadListener(DownloadListener listener);

    public native void setWebChromeClient(WebChromeClient client);

    public static native void setWebContentsDebuggingEnabled(boolean enabled);

    public native void setWebViewClient(WebViewClient client);
}
