package android.view;

import android.content.Context;

public abstract class ViewGroup extends View {
    public ViewGroup(Context context) {
        super(context);
    }

    public native void addView(View child, int width, int height);

    public native void removeAllViews();

    public native void removeView(View view);

    public static class LayoutParams {
        public static final int MATCH_PARENT = -1;
    }

    public static class MarginLayoutParams extends LayoutParams {}
}
