package android.content;

import android.net.Uri;

public class ClipData {
    public native Item getItemAt(int index);

    public native int getItemCount();

    public static class Item {
        public native Uri getUri();
    }
}
