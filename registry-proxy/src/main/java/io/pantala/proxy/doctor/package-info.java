/** Checks a host: whether its proxy does what it should, and whether engines really go through it. */
@NullMarked
package io.pantala.proxy.doctor;

import org.jspecify.annotations.NullMarked;
