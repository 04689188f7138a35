package dev.flet.shell;

import android.net.Uri;
import android.webkit.RenderProcessGoneDetail;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import android.webkit.WebView;
import android.webkit.WebViewClient;

/** Where requests and links of the page go: to the APK, to a declared host, or out of the app. */
final class Pages extends WebViewClient {
    private final MainActivity activity;
    private final Site site;
    private final Http http;
    private final Bridge bridge;

    Pages(MainActivity activity, Site site, Http http, Bridge bridge) {
        this.activity = activity;
        this.site = site;
        this.http = http;
        this.bridge = bridge;
    }

    @Override
    public WebResourceResponse shouldInterceptRequest(WebView view, WebResourceRequest request) {
        Uri url = request.getUrl();
        if (Site.owns(url)) {
            return Http.PATH.equals(url.getPath()) ? http.answer(request) : site.answer(request);
        }
        return Site.HOST.equals(url.getHost()) ? Site.refusal(404, "Not Found") : null; // http, or another port
    }

    @Override
    public boolean shouldOverrideUrlLoading(WebView view, WebResourceRequest request) {
        Uri url = request.getUrl();
        if (Site.owns(url)) {
            return false;
        }
        if (request.isForMainFrame()) {
            Links.open(activity, url);
            return true;
        }
        // A frame may show another site, but not have Android open an app.
        return !"https".equals(url.getScheme()) && !"about".equals(url.getScheme()) && !"blob".equals(url.getScheme());
    }

    @Override
    public void onPageCommitVisible(WebView view, String url) {
        join(view, url);
    }

    @Override
    public void onPageFinished(WebView view, String url) {
        join(view, url);
    }

    @Override
    public boolean onRenderProcessGone(WebView view, RenderProcessGoneDetail detail) {
        activity.renew(view);
        return true;
    }

    private void join(WebView view, String url) {
        if (Site.owns(Uri.parse(url))) {
            view.evaluateJavascript(bridge.script(), null);
        }
    }
}
