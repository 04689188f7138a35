package android.app;

import android.content.Intent;
import android.content.res.Configuration;
import android.os.Bundle;
import android.view.ContextThemeWrapper;
import android.view.View;
import android.view.Window;
import android.window.OnBackInvokedDispatcher;

public class Activity extends ContextThemeWrapper {
    public static final int RESULT_CANCELED = 0;
    public static final int RESULT_OK = -1;

    public native void finish();

    public native Intent getIntent();

    public native OnBackInvokedDispatcher getOnBackInvokedDispatcher();

    public native Window getWindow();

    public native boolean moveTaskToBack(boolean nonRoot);

    protected native void onActivityResult(int requestCode, int resultCode, Intent data);

    public native void onBackPressed();

    public native void onConfigurationChanged(Configuration newConfig);

    protected native void onCreate(Bundle savedInstanceState);

    protected native void onDestroy();

    protected native void onNewIntent(Intent intent);

    protected native void onPause();

    public native void onRequestPermissionsResult(int requestCode, String[] permissions, int[] grantResults);

    protected native void onResume();

    protected native void onSaveInstanceState(Bundle outState);

    public final native void requestPermissions(String[] permissions, int requestCode);

    public final native void runOnUiThread(Runnable action);

    public native void setContentView(View view);

    public native void setIntent(Intent newIntent);

    public native void startActivity(Intent intent);

    public native void startActivityForResult(Intent intent, int requestCode);
}
