/** Points engines at this host's proxy, by what they read at their start, and takes it back. */
@NullMarked
package io.pantala.proxy.setup;

import org.jspecify.annotations.NullMarked;
