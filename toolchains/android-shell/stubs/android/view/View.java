package android.view;

import android.content.Context;

public class View {
    public View(Context context) {}

    public native void setBackgroundColor(int color);

    public native void setOnApplyWindowInsetsListener(OnApplyWindowInsetsListener listener);

    public native void setPadding(int left, int top, int right, int bottom);

    public interface OnApplyWindowInsetsListener {
        WindowInsets onApplyWindowInsets(View v, WindowInsets insets);
    }
}
