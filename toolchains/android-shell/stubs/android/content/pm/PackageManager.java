package android.content.pm;

import android.util.AndroidException;

public abstract class PackageManager {
    public static final int GET_META_DATA = 0x00000080;
    public static final int PERMISSION_GRANTED = 0;

    public abstract ApplicationInfo getApplicationInfo(String packageName, int flags) throws NameNotFoundException;

    public static class NameNotFoundException extends AndroidException {}
}
