package android.content;

import android.content.pm.ApplicationInfo;
import android.content.pm.PackageManager;
import android.content.res.AssetManager;
import android.content.res.Resources;
import java.io.File;

public class ContextWrapper extends Context {
    public native int checkSelfPermission(String permission);

    public native ApplicationInfo getApplicationInfo();

    public native AssetManager getAssets();

    public native File getCacheDir();

    public native ContentResolver getContentResolver();

    public native PackageManager getPackageManager();

    public native String getPackageName();

    public native Resources getResources();

    public native Resources.Theme getTheme();
}
