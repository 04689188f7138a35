package android.content;

import android.net.Uri;

public class Intent {
    public static final String ACTION_CREATE_DOCUMENT = "android.intent.action.CREATE_DOCUMENT";
    public static final String ACTION_GET_CONTENT = "android.intent.action.GET_CONTENT";
    public static final String ACTION_VIEW = "android.intent.action.VIEW";
    public static final String CATEGORY_BROWSABLE = "android.intent.category.BROWSABLE";
    public static final String CATEGORY_OPENABLE = "android.intent.category.OPENABLE";
    public static final String EXTRA_ALLOW_MULTIPLE = "android.intent.extra.ALLOW_MULTIPLE";
    public static final String EXTRA_MIME_TYPES = "android.intent.extra.MIME_TYPES";
    public static final String EXTRA_TITLE = "android.intent.extra.TITLE";

    public Intent(String action) {}

    public Intent(String action, Uri uri) {}

    public native Intent addCategory(String category);

    public native String getAction();

    public native ClipData getClipData();

    public native Uri getData();

    public native Intent putExtra(String name, String value);

    public native Intent putExtra(String name, String[] value);

    public native Intent putExtra(String name, boolean value);

    public native Intent setType(String type);
}
