package dev.flet.shell;

import android.app.Activity;
import android.content.Intent;
import android.content.pm.ApplicationInfo;
import android.content.pm.PackageManager;
import android.content.res.Configuration;
import android.graphics.Color;
import android.graphics.drawable.ColorDrawable;
import android.os.Build;
import android.os.Bundle;
import android.os.SystemClock;
import android.util.TypedValue;
import android.view.View;
import android.webkit.DownloadListener;
import android.webkit.ServiceWorkerClient;
import android.webkit.ServiceWorkerController;
import android.webkit.URLUtil;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import android.webkit.WebSettings;
import android.webkit.WebView;
import android.widget.FrameLayout;

/** Shows the web folder of the APK in a WebView; behind it, the theme's window background until the app has drawn. */
public final class MainActivity extends Activity {
    private static final String HOSTS = "dev.flet.shell.hosts"; // meta-data: hosts, a comma between them
    private static final String STRATEGY = "dev.flet.shell.strategy"; // meta-data: `hash` where routes follow a #
    private static final int DEATHS = 3; // of the page's process
    private static final long SPAN = 60000; // milliseconds in which so many end the app

    private final long[] deaths = new long[DEATHS];
    private Bundle settings;
    private Chooser chooser;
    private Downloads downloads;
    private Permissions permissions;
    private FrameLayout root;
    private WebView web;
    private boolean drawn;

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        settings = metaData();
        WebView.setWebContentsDebuggingEnabled((getApplicationInfo().flags & ApplicationInfo.FLAG_DEBUGGABLE) != 0);
        refuseServiceWorkers(); // must come before the first WebView
        chooser = new Chooser(this);
        downloads = new Downloads(this, state);
        permissions = new Permissions(this);
        root = new FrameLayout(this);
        setContentView(root);
        if (Build.VERSION.SDK_INT >= 30) {
            Edges.keep(root);
        }
        if (Build.VERSION.SDK_INT >= 33) {
            Back.follow(this);
        }
        web = page();
        if (state == null || web.restoreState(state) == null) {
            String route = Links.route(getIntent());
            web.loadUrl(Site.ORIGIN + place(route == null ? "/" : route));
        }
    }

    @Override
    protected void onNewIntent(Intent intent) {
        super.onNewIntent(intent);
        setIntent(intent);
        String route = Links.route(intent);
        if (route != null) {
            web.evaluateJavascript(Bridge.showing(place(route)), null);
        }
    }

    @Override
    protected void onSaveInstanceState(Bundle state) {
        super.onSaveInstanceState(state);
        web.saveState(state);
        downloads.keep(state);
    }

    @Override
    protected void onResume() {
        super.onResume();
        web.onResume();
    }

    @Override
    protected void onPause() {
        web.onPause();
        super.onPause();
    }

    @Override
    protected void onDestroy() {
        root.removeAllViews();
        web.destroy();
        super.onDestroy();
    }

    @Override
    public void onConfigurationChanged(Configuration configuration) {
        super.onConfigurationChanged(configuration);
        if (Build.VERSION.SDK_INT >= 29) {
            getTheme().rebase(); // WebView asks the theme whether pages prefer dark
        }
        if (drawn) {
            showGround();
        }
    }

    /** Back in the app's own history; at its start the app goes to the background, as it is. */
    @Override
    public void onBackPressed() {
        if (web.canGoBack()) {
            web.goBack();
        } else {
            moveTaskToBack(true);
        }
    }

    @Override
    protected void onActivityResult(int code, int result, Intent data) {
        if (code == Chooser.CODE) {
            chooser.chosen(result, data);
        } else if (code == Downloads.CODE) {
            downloads.chosen(result, data);
        }
    }

    @Override
    public void onRequestPermissionsResult(int code, String[] names, int[] results) {
        permissions.answered(code);
    }

    /** The app has drawn its first frame: what shows beside it is no longer the splash. */
    void drawn() {
        drawn = true;
        showGround();
    }

    /** A new WebView in place of one whose process is gone, with the same page; an app that keeps dying is closed. */
    void renew(WebView gone) {
        String url = gone.getUrl();
        root.removeView(gone);
        gone.destroy();
        if (gone != web) {
            return;
        }
        web = page();
        System.arraycopy(deaths, 1, deaths, 0, DEATHS - 1);
        deaths[DEATHS - 1] = SystemClock.elapsedRealtime();
        if (deaths[0] != 0 && deaths[DEATHS - 1] - deaths[0] < SPAN) {
            finish();
            return;
        }
        web.loadUrl(url == null ? Site.ORIGIN + "/" : url);
    }

    private WebView page() {
        WebView page = new WebView(this);
        final WebView view = page;
        page.setBackgroundColor(Color.TRANSPARENT);
        WebSettings set = page.getSettings();
        set.setJavaScriptEnabled(true);
        set.setDomStorageEnabled(true);
        set.setAllowFileAccess(false);
        set.setAllowContentAccess(false);
        set.setSupportZoom(false);
        set.setMediaPlaybackRequiresUserGesture(false);
        set.setJavaScriptCanOpenWindowsAutomatically(true); // page.launch_url comes from Python, not from a tap
        set.setMixedContentMode(WebSettings.MIXED_CONTENT_NEVER_ALLOW);
        Bridge bridge = new Bridge(this, downloads);
        Http http = new Http(settings.getString(HOSTS, ""));
        page.addJavascriptInterface(bridge, Bridge.NAME);
        page.setWebViewClient(new Pages(this, new Site(getAssets()), http, bridge));
        page.setWebChromeClient(new Prompts(this, chooser, permissions));
        page.setDownloadListener(new DownloadListener() {
            @Override
            public void onDownloadStart(String url, String agent, String disposition, String type, long length) {
                view.evaluateJavascript(Bridge.saving(url, URLUtil.guessFileName(url, disposition, type)), null);
            }
        });
        root.addView(page, FrameLayout.LayoutParams.MATCH_PARENT, FrameLayout.LayoutParams.MATCH_PARENT);
        return page;
    }

    private void showGround() {
        TypedValue colour = new TypedValue();
        getTheme().resolveAttribute(android.R.attr.colorBackground, colour, true);
        getWindow().setBackgroundDrawable(new ColorDrawable(colour.data));
        int night = getResources().getConfiguration().uiMode & Configuration.UI_MODE_NIGHT_MASK;
        boolean dark = night == Configuration.UI_MODE_NIGHT_YES;
        if (Build.VERSION.SDK_INT >= 30) {
            Edges.shade(this, dark);
        } else {
            root.setSystemUiVisibility(
                    dark ? 0 : View.SYSTEM_UI_FLAG_LIGHT_STATUS_BAR | View.SYSTEM_UI_FLAG_LIGHT_NAVIGATION_BAR);
        }
        getWindow().setStatusBarColor(colour.data); // both without effect from Android 15 on: the ground shows through
        if (Build.VERSION.SDK_INT >= 26) { // before, the signs in this bar are always white
            getWindow().setNavigationBarColor(colour.data);
        }
    }

    private String place(String route) {
        return "hash".equals(settings.getString(STRATEGY)) ? "/#" + route : route;
    }

    private Bundle metaData() {
        try {
            Bundle found = getPackageManager().getApplicationInfo(getPackageName(), PackageManager.GET_META_DATA).metaData;
            return found == null ? new Bundle() : found;
        } catch (PackageManager.NameNotFoundException impossible) { // the app itself
            throw new IllegalStateException(impossible);
        }
    }

    /** Requests of service workers pass by WebViewClient, so the app has none. */
    private static void refuseServiceWorkers() {
        ServiceWorkerController.getInstance().setServiceWorkerClient(new ServiceWorkerClient() {
            @Override
            public WebResourceResponse shouldInterceptRequest(WebResourceRequest request) {
                return Site.refusal(404, "Not Found");
            }
        });
    }
}
