package dev.flet.shell;

import android.Manifest;
import android.net.Uri;
import android.webkit.GeolocationPermissions;
import android.webkit.PermissionRequest;
import android.webkit.ValueCallback;
import android.webkit.WebChromeClient;
import android.webkit.WebView;
import java.util.ArrayList;
import java.util.List;

/** What the page asks the user for: files, camera, microphone, location. */
final class Prompts extends WebChromeClient {
    private static final String[] PLACE = {
        Manifest.permission.ACCESS_FINE_LOCATION, Manifest.permission.ACCESS_COARSE_LOCATION
    };

    private final MainActivity activity;
    private final Chooser chooser;
    private final Permissions permissions;

    Prompts(MainActivity activity, Chooser chooser, Permissions permissions) {
        this.activity = activity;
        this.chooser = chooser;
        this.permissions = permissions;
    }

    @Override
    public boolean onShowFileChooser(WebView view, ValueCallback<Uri[]> callback, FileChooserParams asked) {
        chooser.open(callback, asked);
        return true;
    }

    @Override
    public void onPermissionRequest(final PermissionRequest request) {
        List<String> wanted = new ArrayList<String>();
        for (String resource : request.getResources()) {
            if (permission(resource) != null) {
                wanted.add(permission(resource));
            }
        }
        if (wanted.isEmpty() || !Site.owns(request.getOrigin())) {
            request.deny();
            return;
        }
        permissions.ask(wanted.toArray(new String[0]), new Permissions.Then() {
            @Override
            public void then() {
                grant(request);
            }
        });
    }

    @Override
    public void onGeolocationPermissionsShowPrompt(
            final String origin, final GeolocationPermissions.Callback callback) {
        if (!Site.owns(Uri.parse(origin))) {
            callback.invoke(origin, false, false);
            return;
        }
        permissions.ask(PLACE, new Permissions.Then() {
            @Override
            public void then() {
                boolean granted = permissions.has(PLACE[0]) || permissions.has(PLACE[1]);
                callback.invoke(origin, granted, false);
            }
        });
    }

    @Override
    public void onCloseWindow(WebView view) {
        activity.finish();
    }

    /** Grant what the user allowed, if only a part. */
    private void grant(PermissionRequest request) {
        List<String> granted = new ArrayList<String>();
        for (String resource : request.getResources()) {
            String permission = permission(resource);
            if (permission != null && permissions.has(permission)) {
                granted.add(resource);
            }
        }
        if (granted.isEmpty()) {
            request.deny();
        } else {
            request.grant(granted.toArray(new String[0]));
        }
    }

    private static String permission(String resource) {
        if (PermissionRequest.RESOURCE_VIDEO_CAPTURE.equals(resource)) {
            return Manifest.permission.CAMERA;
        }
        return PermissionRequest.RESOURCE_AUDIO_CAPTURE.equals(resource) ? Manifest.permission.RECORD_AUDIO : null;
    }
}
