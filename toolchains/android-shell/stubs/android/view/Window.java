package android.view;

import android.graphics.drawable.Drawable;

public abstract class Window {
    public native WindowInsetsController getInsetsController();

    public abstract void setBackgroundDrawable(Drawable drawable);

    public abstract void setNavigationBarColor(int color);

    public abstract void setStatusBarColor(int color);
}
