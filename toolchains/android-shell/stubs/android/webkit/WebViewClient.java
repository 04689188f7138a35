package android.webkit;

public class WebViewClient {
    public WebViewClient() {}

    public native void onPageCommitVisible(WebView view, String url);

    public native void onPageFinished(WebView view, String url);

    public native boolean onRenderProcessGone(WebView view, RenderProcessGoneDetail detail);

    public native WebResourceResponse shouldInterceptRequest(WebView view, WebResourceRequest request);

    public native boolean shouldOverrideUrlLoading(WebView view, WebResourceRequest request);
}
