package dev.flet.shell;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.robolectric.Shadows.shadowOf;

import android.Manifest;
import android.app.Activity;
import android.app.Application;
import android.content.ClipData;
import android.content.Intent;
import android.graphics.Color;
import android.graphics.Insets;
import android.graphics.drawable.AdaptiveIconDrawable;
import android.graphics.drawable.ColorDrawable;
import android.graphics.drawable.Drawable;
import android.net.Uri;
import android.os.Build;
import android.os.Bundle;
import android.view.View;
import android.view.ViewGroup;
import android.view.WindowInsets;
import android.webkit.PermissionRequest;
import android.webkit.ServiceWorkerClient;
import android.webkit.ServiceWorkerController;
import android.webkit.ServiceWorkerWebSettings;
import android.webkit.WebChromeClient;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import android.webkit.WebView;
import android.window.WindowOnBackInvokedDispatcher;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.Test;
import org.junit.runner.Description;
import org.junit.runner.JUnitCore;
import org.junit.runner.RunWith;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;
import org.robolectric.Robolectric;
import org.robolectric.RobolectricTestRunner;
import org.robolectric.RuntimeEnvironment;
import org.robolectric.android.controller.ActivityController;
import org.robolectric.annotation.Config;
import org.robolectric.annotation.Implementation;
import org.robolectric.annotation.Implements;
import org.robolectric.shadows.ShadowActivity.IntentForResult;
import org.robolectric.shadows.ShadowSystemClock;
import org.robolectric.shadows.ShadowWebView;
import org.robolectric.util.ReflectionHelpers;

/** The shell of a signed APK in the classes of Android 7.0 and 15: its dex, its resources, its web folder. */
@RunWith(RobolectricTestRunner.class)
@Config(sdk = {24, 35}, shadows = OnAndroid.ServiceWorkers.class)
public class OnAndroid {
    private static final String HOME = "https://appassets.androidplatform.net/";

    private final Uri shared = Uri.parse("content://of.another.app/file"); // static, it would be made without Android
    private ActivityController<MainActivity> life;
    private MainActivity activity;

    /** Runs the tests, each answer on a line. */
    public static void main(String[] arguments) {
        JUnitCore junit = new JUnitCore();
        junit.addListener(new RunListener() {
            @Override
            public void testStarted(Description test) {
                System.out.println("\n== " + test.getMethodName());
            }

            @Override
            public void testFailure(Failure failure) {
                System.out.println(failure.getTrimmedTrace());
                System.out.println("== " + failure.getDescription().getMethodName() + " failed");
            }
        });
        System.out.println("\n== " + junit.run(OnAndroid.class).getRunCount() + " tests");
        System.exit(0); // Android's own threads go on
    }

    // --- start, end, and what is between -----------------------------------------------------------------------------

    @Test
    public void showsTheFirstPageUntilItEnds() {
        start(new Intent());
        assertEquals(HOME, page().getLastLoadedUrl());
        assertTrue(web().getSettings().getJavaScriptEnabled());
        assertFalse(web().getSettings().getAllowFileAccess());
        life.pause();
        assertTrue(page().wasOnPauseCalled());
        life.resume();
        assertTrue(page().wasOnResumeCalled());
        ShadowWebView shown = page();
        life.pause().stop().destroy();
        assertTrue(shown.wasDestroyCalled());
    }

    @Test
    public void hasTheNamesAndPicturesOfTheProject() {
        start(new Intent());
        assertEquals("com.flet.counter", activity.getPackageName());
        assertEquals("Counter", activity.getPackageManager().getApplicationLabel(activity.getApplicationInfo()));
        Drawable icon = activity.getDrawable(activity.getApplicationInfo().icon);
        assertNotNull(icon);
        if (Build.VERSION.SDK_INT >= 33) {
            assertNotNull(((AdaptiveIconDrawable) icon).getMonochrome());
        }
    }

    @Test
    public void theSplashGoesWithTheFirstFrame() {
        start(new Intent());
        assertFalse(ground() instanceof ColorDrawable);
        bridge().drawn("not the token");
        assertFalse(ground() instanceof ColorDrawable);
        bridge().drawn(token());
        assertTrue(bright(((ColorDrawable) ground()).getColor()) > 200);
        RuntimeEnvironment.setQualifiers("+night");
        start(new Intent());
        bridge().drawn(token());
        assertTrue(bright(((ColorDrawable) ground()).getColor()) < 50);
    }

    @Test
    public void keepsItsPageWhereAndroidEndsIt() {
        start(new Intent());
        visit(HOME + "second");
        Bundle state = new Bundle();
        life.pause().stop().saveInstanceState(state).destroy();
        life = Robolectric.buildActivity(MainActivity.class).setup(state);
        activity = life.get();
        assertEquals(HOME + "second", web().getUrl());
        assertTrue(web().canGoBack());
    }

    @Test
    @Config(sdk = 35)
    public void aPageWhoseProcessDiesIsLoadedAnew() {
        start(new Intent());
        visit(HOME + "second");
        WebView first = web();
        assertTrue(die());
        assertNotSame(first, web());
        assertTrue(shadowOf(first).wasDestroyCalled());
        assertEquals(HOME + "second", page().getLastLoadedUrl());
        assertEquals(200, answer(HOME + "index.html").getStatusCode());
    }

    @Test
    @Config(sdk = 35)
    public void theThirdDeathWithinAMinuteClosesTheApp() {
        start(new Intent());
        die();
        ShadowSystemClock.advanceBy(Duration.ofSeconds(40));
        die();
        ShadowSystemClock.advanceBy(Duration.ofSeconds(40));
        die();
        assertFalse(activity.isFinishing());
        ShadowSystemClock.advanceBy(Duration.ofSeconds(10));
        die();
        assertTrue(activity.isFinishing());
        life.pause().stop().destroy();
    }

    // --- what is asked of the web folder -----------------------------------------------------------------------------

    @Test
    public void aFileHasItsTypeAndAllItsBytes() throws Exception {
        start(new Intent());
        Map<String, String> types = new HashMap<>();
        try (ZipFile apk = new ZipFile(System.getProperty("apk"))) {
            for (ZipEntry entry : Collections.list(apk.entries())) {
                if (entry.getName().startsWith("assets/web/")) {
                    String name = entry.getName().substring("assets/web/".length());
                    WebResourceResponse found = answer(HOME + Uri.encode(name, "/"));
                    byte[] content = apk.getInputStream(entry).readAllBytes();
                    assertEquals(name, 200, found.getStatusCode());
                    assertArrayEquals(name, content, found.getData().readAllBytes());
                    types.put(name.substring(name.lastIndexOf('.') + 1), found.getMimeType());
                }
            }
        }
        assertEquals("text/html", types.get("html"));
        assertEquals("text/javascript", types.get("js"));
        assertEquals("font/ttf", types.get("ttf"));
        assertEquals("application/wasm", types.get("wasm"));
        assertEquals("application/json", types.get("json"));
        assertEquals("application/zip", types.get("zip"));
        assertEquals("application/gzip", types.get("gz"));
        assertEquals("font/otf", types.get("otf"));
        assertEquals("image/png", types.get("png"));
    }

    @Test
    public void aPageThatIsNoFileIsARoute() throws Exception {
        start(new Intent());
        byte[] home = answer(HOME + "index.html").getData().readAllBytes();
        for (String route : new String[] {"", "?a=b", "#c", "store", "store/12?a=b", "store.d/"}) {
            WebResourceResponse found = answer(asked(HOME + route, "GET", true));
            assertEquals(route, "text/html", found.getMimeType());
            assertArrayEquals(route, home, found.getData().readAllBytes());
        }
    }

    @Test
    public void nothingElseIsFound() {
        start(new Intent());
        for (String absent : new String[] {
            "absent.js", "assets", "../../classes.dex", "..%2f..%2fclasses.dex", "%2e%2e/%2e%2e/AndroidManifest.xml",
            "..%5c..%5cclasses.dex", "./index.html", "index.html%00.png", "/index.html/", "../web/index.html",
        }) {
            assertEquals(absent, 404, answer(HOME + absent).getStatusCode());
        }
        assertEquals(404, answer(asked(HOME + "%2e%2e/classes.dex", "GET", true)).getStatusCode());
        assertEquals(405, answer(asked(HOME, "POST", false)).getStatusCode());
        assertEquals(404, answer("http" + HOME.substring(5)).getStatusCode());
        assertEquals(404, answer(HOME.replace(".net/", ".net:8443/")).getStatusCode());
        assertNull("WebView asks other hosts", answer("https://flet.dev/"));
        assertNotNull(answer(HOME + "_shell/http").getResponseHeaders().get("X-Shell-Error"));
        assertEquals(404, ServiceWorkers.client.shouldInterceptRequest(asked(HOME, "GET", false)).getStatusCode());
    }

    // --- links -------------------------------------------------------------------------------------------------------

    @Test
    public void linksToOthersAreAndroidsToOpen() {
        start(new Intent());
        assertFalse(follows(HOME + "store", true));
        for (String url : new String[] {"https://flet.dev/", "HTTPS://flet.dev/", "mailto:a@flet.dev", "tel:112"}) {
            assertTrue(follows(url, true));
            Intent opened = shadowOf(activity).getNextStartedActivity();
            assertEquals(Intent.ACTION_VIEW, opened.getAction());
            assertEquals(Uri.parse(url).normalizeScheme(), opened.getData());
            assertTrue(opened.hasCategory(Intent.CATEGORY_BROWSABLE));
            assertNull(opened.getComponent());
        }
        for (String url : new String[] {
            "intent://x#Intent;component=a/b;end", "file:///etc/hosts", "content://a/b", "javascript:x()", "INTENT:x"
        }) {
            assertTrue(follows(url, true));
            assertNull(url, shadowOf(activity).getNextStartedActivity());
        }
    }

    @Test
    public void aFrameOpensNoApp() {
        start(new Intent());
        assertFalse(follows("https://flet.dev/", false));
        assertTrue(follows("tel:112", false));
        assertTrue(follows("http://flet.dev/", false));
        assertNull(shadowOf(activity).getNextStartedActivity());
    }

    @Test
    public void aLinkThatNobodyOpensLeavesThePage() {
        start(new Intent());
        shadowOf(activity.getApplication()).checkActivities(true);
        assertTrue(follows("unknown:link", true));
        assertEquals(HOME, web().getUrl());
    }

    @Test
    public void aDeepLinkIsTheRoute() {
        start(link("https://example.com/store/a%20b?x=1#top"));
        assertEquals(HOME + "store/a%20b?x=1#top", page().getLastLoadedUrl());
        life.newIntent(link("flet://counter/'\"\\</script>?y"));
        String said = page().getLastEvaluatedJavascript();
        assertTrue(said, said.startsWith("history.pushState(null, '', \"\\/"));
        assertFalse(said, said.contains("</script>"));
        life.newIntent(link("https://example.com"));
        assertTrue(page().getLastEvaluatedJavascript().contains("'', \"\\/\")"));
        life.newIntent(new Intent(Intent.ACTION_MAIN));
        assertTrue(page().getLastEvaluatedJavascript().contains("'', \"\\/\")"));
        assertEquals(HOME + "store/a%20b?x=1#top", page().getLastLoadedUrl());
    }

    @Test
    public void aDeepLinkIsOnlyARoute() {
        start(link("https://example.com//evil.example/a"));
        assertEquals(HOME + "evil.example/a", page().getLastLoadedUrl());
        start(link("javascript:alert(1)"));
        assertEquals(HOME, page().getLastLoadedUrl());
    }

    @Test
    public void routesMayFollowAHash() {
        Application app = RuntimeEnvironment.getApplication();
        Bundle settings = new Bundle();
        settings.putString("dev.flet.shell.strategy", "hash");
        shadowOf(app.getPackageManager()).getInternalMutablePackageInfo(app.getPackageName()).applicationInfo.metaData =
                settings;
        start(link("https://example.com/store?x=1"));
        assertEquals(HOME + "#/store?x=1", page().getLastLoadedUrl());
    }

    @Test
    public void backIsTheAppsOwnUntilItsStart() {
        start(new Intent());
        visit(HOME + "second");
        goBack();
        assertEquals(1, page().getGoBackInvocations());
        assertEquals(HOME, web().getUrl());
        assertFalse(shadowOf(activity).isTaskMovedToBack());
        goBack();
        assertEquals(1, page().getGoBackInvocations());
        assertTrue(shadowOf(activity).isTaskMovedToBack());
        assertFalse(activity.isFinishing());
    }

    @Test
    @Config(sdk = 35)
    public void nothingLiesBelowBarsAndKeyboard() {
        start(new Intent());
        View root = (View) web().getParent();
        WindowInsets insets = new WindowInsets.Builder()
                .setInsets(WindowInsets.Type.systemBars(), Insets.of(1, 20, 3, 40))
                .setInsets(WindowInsets.Type.displayCutout(), Insets.of(9, 0, 0, 0))
                .setInsets(WindowInsets.Type.ime(), Insets.of(0, 0, 0, 300))
                .build();
        assertTrue(root.dispatchApplyWindowInsets(insets).isConsumed());
        int[] room = {root.getPaddingLeft(), root.getPaddingTop(), root.getPaddingRight(), root.getPaddingBottom()};
        assertArrayEquals(new int[] {9, 20, 3, 300}, room);
    }

    // --- what the page asks the user for -----------------------------------------------------------------------------

    @Test
    public void thePageGetsTheFilesThatTheUserChose() {
        start(new Intent());
        List<Uri[]> chosen = new ArrayList<>();
        choose(chosen, WebChromeClient.FileChooserParams.MODE_OPEN_MULTIPLE, "image/*,.pdf", "text/plain");
        IntentForResult asked = shadowOf(activity).getNextStartedActivityForResult();
        assertEquals(Intent.ACTION_GET_CONTENT, asked.intent.getAction());
        assertTrue(asked.intent.getBooleanExtra(Intent.EXTRA_ALLOW_MULTIPLE, false));
        ClipData two = ClipData.newRawUri("", shared);
        two.addItem(new ClipData.Item(Uri.parse("file:///data/data/com.flet.counter/own")));
        two.addItem(new ClipData.Item(shared));
        Intent answer = new Intent();
        answer.setClipData(two);
        shadowOf(activity).callOnActivityResult(asked.requestCode, Activity.RESULT_OK, answer);
        assertArrayEquals(new Uri[] {shared, shared}, chosen.get(0));

        choose(chosen, WebChromeClient.FileChooserParams.MODE_OPEN, "image/png");
        asked = shadowOf(activity).getNextStartedActivityForResult();
        assertEquals("image/png", asked.intent.getType());
        assertFalse(asked.intent.getBooleanExtra(Intent.EXTRA_ALLOW_MULTIPLE, true));
        shadowOf(activity).callOnActivityResult(asked.requestCode, Activity.RESULT_OK, new Intent().setData(shared));
        assertArrayEquals(new Uri[] {shared}, chosen.get(1));
    }

    @Test
    public void aChoiceThatNobodyMakesIsNone() {
        start(new Intent());
        List<Uri[]> chosen = new ArrayList<>();
        choose(chosen, WebChromeClient.FileChooserParams.MODE_OPEN);
        choose(chosen, WebChromeClient.FileChooserParams.MODE_OPEN);
        assertEquals("the first one ends with the second", 1, chosen.size());
        shadowOf(activity).callOnActivityResult(Chooser.CODE, Activity.RESULT_CANCELED, null);
        shadowOf(activity.getApplication()).checkActivities(true);
        choose(chosen, WebChromeClient.FileChooserParams.MODE_OPEN);
        assertEquals(Arrays.asList(null, null, null), chosen);
    }

    @Test
    public void cameraAndMicrophoneAreTheUsersToGrant() {
        start(new Intent());
        Wish both = wish(HOME, PermissionRequest.RESOURCE_VIDEO_CAPTURE, PermissionRequest.RESOURCE_AUDIO_CAPTURE);
        Wish sound = wish(HOME, PermissionRequest.RESOURCE_AUDIO_CAPTURE);
        String[] asked = shadowOf(activity).getLastRequestedPermission().requestedPermissions;
        assertArrayEquals(new String[] {Manifest.permission.CAMERA, Manifest.permission.RECORD_AUDIO}, asked);
        assertNull("before the user has answered", both.granted);
        shadowOf(activity.getApplication()).grantPermissions(Manifest.permission.CAMERA);
        answered();
        assertArrayEquals(new String[] {PermissionRequest.RESOURCE_VIDEO_CAPTURE}, both.granted);
        asked = shadowOf(activity).getLastRequestedPermission().requestedPermissions;
        assertArrayEquals("the next one's turn", new String[] {Manifest.permission.RECORD_AUDIO}, asked);
        answered();
        assertTrue(sound.denied);
        Wish again = wish(HOME, PermissionRequest.RESOURCE_VIDEO_CAPTURE);
        assertNotNull("what the user allowed", again.granted);
        assertTrue(wish("https://evil.example/", PermissionRequest.RESOURCE_VIDEO_CAPTURE).denied);
        assertTrue(wish(HOME, PermissionRequest.RESOURCE_PROTECTED_MEDIA_ID).denied);
    }

    @Test
    public void theLocationIsTheUsersToGrant() {
        start(new Intent());
        List<Boolean> allowed = new ArrayList<>();
        WebChromeClient prompts = page().getWebChromeClient();
        prompts.onGeolocationPermissionsShowPrompt("https://evil.example/", (origin, yes, kept) -> allowed.add(yes));
        assertEquals(Arrays.asList(false), allowed);
        prompts.onGeolocationPermissionsShowPrompt(HOME, (origin, yes, kept) -> allowed.add(yes));
        shadowOf(activity.getApplication()).grantPermissions(Manifest.permission.ACCESS_COARSE_LOCATION);
        answered();
        assertEquals(Arrays.asList(false, true), allowed);
    }

    @Test
    public void whatThePageSavesGoesWhereTheUserSays() throws Exception {
        start(new Intent());
        byte[] content = new byte[100_000];
        Arrays.fill(content, (byte) 7);
        File file = save(content, "../a/b.txt", "text/plain");
        save(new byte[1], "", "no type");
        IntentForResult asked = shadowOf(activity).getNextStartedActivityForResult();
        assertEquals(Intent.ACTION_CREATE_DOCUMENT, asked.intent.getAction());
        assertEquals("text/plain", asked.intent.getType());
        assertEquals(".._a_b.txt", asked.intent.getStringExtra(Intent.EXTRA_TITLE));
        assertNull("one at a time", shadowOf(activity).getNextStartedActivityForResult());
        ByteArrayOutputStream place = new ByteArrayOutputStream();
        shadowOf(activity.getContentResolver()).registerOutputStream(shared, place);
        shadowOf(activity).callOnActivityResult(asked.requestCode, Activity.RESULT_OK, new Intent().setData(shared));
        gone(file);
        assertArrayEquals(content, place.toByteArray());
        asked = shadowOf(activity).getNextStartedActivityForResult();
        assertEquals("application/octet-stream", asked.intent.getType());
        assertEquals("download", asked.intent.getStringExtra(Intent.EXTRA_TITLE));
    }

    @Test
    public void aFileIsKeptWhereAndroidEndsTheAppMeanwhile() throws Exception {
        start(new Intent());
        File file = save(new byte[] {1, 2}, "a", "text/plain");
        Bundle state = new Bundle();
        life.pause().stop().saveInstanceState(state).destroy();
        life = Robolectric.buildActivity(MainActivity.class).create(state);
        activity = life.get();
        ByteArrayOutputStream place = new ByteArrayOutputStream();
        shadowOf(activity.getContentResolver()).registerOutputStream(shared, place);
        shadowOf(activity).callOnActivityResult(Downloads.CODE, Activity.RESULT_OK, new Intent().setData(shared));
        gone(file);
        assertArrayEquals(new byte[] {1, 2}, place.toByteArray());
    }

    @Test
    public void aFileThatNobodyWantsIsGone() throws Exception {
        start(new Intent());
        File file = save(new byte[1], "a", "text/plain");
        shadowOf(activity).callOnActivityResult(Downloads.CODE, Activity.RESULT_CANCELED, null);
        assertFalse(file.exists());
    }

    @Test
    public void onlyTheAppsOwnPageHasTheBridge() throws Exception {
        start(new Intent());
        assertEquals("", bridge().begin("not the token"));
        page().getWebViewClient().onPageFinished(web(), "https://flet.dev/");
        assertNull(page().getLastEvaluatedJavascript());
        bridge().write(token(), activity.getApplicationInfo().dataDir + "/own", "AAAA");
        assertFalse(new File(activity.getApplicationInfo().dataDir, "own").exists());
        bridge().close("not the token");
        assertFalse(activity.isFinishing());
        bridge().close(token());
        assertTrue(activity.isFinishing());
    }

    // --- what the tests ask with -------------------------------------------------------------------------------------

    private void start(Intent intent) {
        life = Robolectric.buildActivity(MainActivity.class, intent).setup();
        activity = life.get();
        page().pushEntryToHistory(page().getLastLoadedUrl());
    }

    /** The page goes on to another; Robolectric has it in the history only so. */
    private void visit(String url) {
        web().loadUrl(url);
        page().pushEntryToHistory(url);
    }

    private static Intent link(String url) {
        return new Intent(Intent.ACTION_VIEW, Uri.parse(url));
    }

    private WebView web() {
        ViewGroup content = activity.findViewById(android.R.id.content);
        return (WebView) ((ViewGroup) content.getChildAt(0)).getChildAt(0);
    }

    private ShadowWebView page() {
        return shadowOf(web());
    }

    /** What Android does on the user's gesture. */
    private void goBack() {
        if (Build.VERSION.SDK_INT < 33) {
            activity.onBackPressed();
            return;
        }
        WindowOnBackInvokedDispatcher asked =
                ReflectionHelpers.getField(activity.getOnBackInvokedDispatcher(), "mActualDispatcher");
        asked.getTopCallback().onBackInvoked();
    }

    private Drawable ground() {
        return activity.getWindow().getDecorView().getBackground();
    }

    private static int bright(int colour) {
        return (Color.red(colour) + Color.green(colour) + Color.blue(colour)) / 3;
    }

    private boolean die() {
        return page().getWebViewClient().onRenderProcessGone(web(), null);
    }

    private boolean follows(String url, boolean main) {
        return page().getWebViewClient().shouldOverrideUrlLoading(web(), asked(url, "GET", main));
    }

    private WebResourceResponse answer(String url) {
        return answer(asked(url, "GET", false));
    }

    private WebResourceResponse answer(WebResourceRequest request) {
        return page().getWebViewClient().shouldInterceptRequest(web(), request);
    }

    private Bridge bridge() {
        return (Bridge) page().getJavascriptInterface(Bridge.NAME);
    }

    /** What the shell gives the app's own page. */
    private String token() {
        page().getWebViewClient().onPageFinished(web(), HOME);
        String said = page().getLastEvaluatedJavascript();
        return said.substring(said.lastIndexOf("(\"") + 2, said.length() - 2);
    }

    private File save(byte[] content, String name, String type) throws IOException {
        String path = bridge().begin(token());
        for (int start = 0; start < content.length; start += 60_000) {
            byte[] part = Arrays.copyOfRange(content, start, Math.min(start + 60_000, content.length));
            bridge().write(token(), path, Base64.getEncoder().encodeToString(part));
        }
        bridge().end(token(), path, name, type);
        return new File(path);
    }

    private static void gone(File file) throws InterruptedException {
        for (int tries = 0; file.exists() && tries < 500; tries++) {
            Thread.sleep(10);
        }
        assertFalse(file.exists());
    }

    private void choose(List<Uri[]> chosen, int mode, String... types) {
        page().getWebChromeClient().onShowFileChooser(web(), chosen::add, new WebChromeClient.FileChooserParams() {
            @Override
            public int getMode() {
                return mode;
            }

            @Override
            public String[] getAcceptTypes() {
                return types;
            }

            @Override
            public boolean isCaptureEnabled() {
                return false;
            }

            @Override
            public CharSequence getTitle() {
                return null;
            }

            @Override
            public String getFilenameHint() {
                return null;
            }

            @Override
            public Intent createIntent() {
                return null;
            }

            public Object $$robo$getData() { // Robolectric's own, which the compiler does not see
                return null;
            }
        });
    }

    private Wish wish(String origin, String... resources) {
        Wish wish = new Wish(origin, resources);
        page().getWebChromeClient().onPermissionRequest(wish);
        return wish;
    }

    private void answered() {
        int code = shadowOf(activity).getLastRequestedPermission().requestCode;
        activity.onRequestPermissionsResult(code, new String[0], new int[0]);
    }

    private static class Wish extends PermissionRequest {
        private final String origin;
        private final String[] resources;
        private String[] granted;
        private boolean denied;

        Wish(String origin, String[] resources) {
            this.origin = origin;
            this.resources = resources;
        }

        @Override
        public Uri getOrigin() {
            return Uri.parse(origin);
        }

        @Override
        public String[] getResources() {
            return resources;
        }

        @Override
        public void grant(String[] given) {
            granted = given;
        }

        @Override
        public void deny() {
            denied = true;
        }

        public Object $$robo$getData() { // as above
            return null;
        }
    }

    private static WebResourceRequest asked(String url, String method, boolean main) {
        return new WebResourceRequest() {
            @Override
            public Uri getUrl() {
                return Uri.parse(url);
            }

            @Override
            public boolean isForMainFrame() {
                return main;
            }

            @Override
            public boolean isRedirect() {
                return false;
            }

            @Override
            public boolean hasGesture() {
                return false;
            }

            @Override
            public String getMethod() {
                return method;
            }

            @Override
            public Map<String, String> getRequestHeaders() {
                return Collections.emptyMap();
            }
        };
    }

    /** Robolectric has none. */
    @Implements(ServiceWorkerController.class)
    public static class ServiceWorkers {
        static ServiceWorkerClient client;

        @Implementation
        protected static ServiceWorkerController getInstance() {
            return new ServiceWorkerController() {
                @Override
                public ServiceWorkerWebSettings getServiceWorkerWebSettings() {
                    return null;
                }

                @Override
                public void setServiceWorkerClient(ServiceWorkerClient given) {
                    client = given;
                }

                public Object $$robo$getData() { // as above
                    return null;
                }
            };
        }
    }
}
