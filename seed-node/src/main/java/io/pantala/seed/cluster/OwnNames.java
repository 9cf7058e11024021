package io.pantala.seed.cluster;

import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.Enumeration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;

/** The names and addresses of this machine, for programs that compare them with a certificate as browsers do. */
final class OwnNames {
    private static final int MOST = 32;
    private static final Pattern NAME = Pattern.compile("[0-9A-Za-z]([0-9A-Za-z.-]{0,250}[0-9A-Za-z])?");

    private OwnNames() {}

    static Collection<String> find() {
        Set<String> names = new LinkedHashSet<>();
        names.add("localhost");
        try {
            String host = InetAddress.getLocalHost().getHostName();
            if (NAME.matcher(host).matches()) {
                names.add(host);
            }
        } catch (UnknownHostException e) {
            // It has a name that nobody knows.
        }
        try {
            for (Enumeration<NetworkInterface> all = NetworkInterface.getNetworkInterfaces(); all.hasMoreElements(); ) {
                for (InterfaceAddress address : all.nextElement().getInterfaceAddresses()) {
                    InetAddress each = address.getAddress();
                    if (!each.isLinkLocalAddress() && names.size() < MOST) {
                        names.add(each.getHostAddress().replaceFirst("%.*", ""));
                    }
                }
            }
        } catch (SocketException e) {
            // Then by its name alone.
        }
        return names;
    }
}
