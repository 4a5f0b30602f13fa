# Reference posteriors for the tests of the Bayesian models, computed with R's brms.
#
#   Rscript make_brms_reference.R DATA_FOLDER OUT_FOLDER
#
# DATA_FOLDER holds ordinal_wine.csv, ordinal_soup.csv, lme4_VerbAgg.csv and
# lmerTest_carrots.csv (not part of the repository).  OUT_FOLDER holds
# sim_toxicity.csv.gz and receives brms_reference.json, which is rewritten after
# every case.  An optional third argument is a regular expression: only cases
# whose name matches it are computed anew, the others are kept from the
# brms_reference.json already in OUT_FOLDER.  All cases together take about an
# hour on two busy cores, half of it for verbagg.
#
# On Debian: apt-get install r-cran-brms r-cran-jsonlite libboost-dev.  If R then
# says that Boost is not found, link /usr/include/boost into a folder "include" of
# R's package BH.
#
# sim_toxicity.csv.gz is one dimension of the simulated study, made in Python:
#   d = pluralign_stats.simulate_study(seed=1).ratings
#   d = d[d.dimension == "toxicity"].dropna(subset=["rating"])
#   d = d[["rater", "item", "gender", "politics", "age", "rating"]]
# with rater and item as their category codes + 1 and rating as a whole number.
#
# Conventions: treatment coding, reference = first level; the order of the levels
# is in the JSON.  Parameter names are those of brms.  brms centres the predictors
# (also for wine_disc, but not where thresholds differ between groups), and the
# prior of class Intercept holds for the intercept or thresholds at the
# predictors' means; the values of b_Intercept stored here are those at 0.

suppressPackageStartupMessages({ library(brms); library(jsonlite) })
options(contrasts = c("contr.treatment", "contr.poly"), width = 200, mc.cores = 2)

args <- commandArgs(trailingOnly = TRUE)
if (length(args) < 2) stop("usage: Rscript make_brms_reference.R DATA_FOLDER OUT_FOLDER [REGEX]")
data_folder <- args[1]
out_folder <- args[2]
only <- if (length(args) > 2) args[3] else "."
json_file <- file.path(out_folder, "brms_reference.json")

# ---------------------------------------------------------------- bookkeeping
packages <- c("brms", "rstan", "posterior")
versions <- c(list(R = paste(R.version$major, R.version$minor, sep = ".")),
              sapply(packages, function(p) as.character(packageVersion(p)), simplify = FALSE))
cases <- list()
if (file.exists(json_file) && only != ".")
  cases <- read_json(json_file, simplifyVector = FALSE)$cases

write_out <- function() {
  txt <- toJSON(list(versions = versions, cases = cases[order(names(cases), method = "radix")]),
                auto_unbox = TRUE, digits = I(8), pretty = 1, na = "null", null = "null")
  tmp <- paste0(json_file, ".tmp"); writeLines(txt, tmp); file.rename(tmp, json_file)
}

# ---------------------------------------------------------------------- priors
PRIOR_B <- set_prior("normal(0, 1)", class = "b")
PRIOR_INTERCEPT <- set_prior("normal(0, 2)", class = "Intercept")
PRIOR_SD <- set_prior("exponential(1)", class = "sd")
PRIOR_COR <- set_prior("lkj(2)", class = "cor")
PRIOR_DISC <- set_prior("normal(0, 1)", class = "b", dpar = "disc")
PRIOR_USUAL <- c(PRIOR_B, PRIOR_INTERCEPT, PRIOR_SD)
PRIOR_GAUSSIAN <- c(PRIOR_B, set_prior("normal(4, 2)", class = "Intercept"), PRIOR_SD,
                    set_prior("exponential(1)", class = "sigma"))

prior_text <- function(prior) {    # as in "b[disc] ~ normal(0, 1)"
  where <- ifelse(nzchar(prior$dpar), paste0(prior$class, "[", prior$dpar, "]"), prior$class)
  paste(where, "~", prior$prior)
}

# --------------------------------------------------------------------- fitting
# `formula` is the formula as text for the JSON, `model` what brms gets
case <- function(name, model, formula, data, file, family, prior = PRIOR_USUAL,
                 draws = 3000, warmup = 1000, adapt_delta = 0.95) {
  if (!grepl(only, name)) return(invisible())
  t0 <- proc.time()[[3]]
  fit <- suppressMessages(brm(model, data = data, family = family, prior = prior, chains = 4,
    iter = warmup + draws, warmup = warmup, seed = 1, backend = "rstan",
    control = list(adapt_delta = adapt_delta), refresh = 0, silent = 2))
  wanted <- grep("^(b_|sd_|cor_|sigma$)", variables(fit), value = TRUE)
  all <- posterior::summarise_draws(as_draws(fit), "rhat")
  s <- posterior::summarise_draws(as_draws_array(fit, variable = wanted), "mean", "sd",
    ~posterior::quantile2(.x, probs = c(0.025, 0.975)), "rhat", "ess_bulk")
  used <- setdiff(names(fit$data), "disc")
  factors <- used[sapply(fit$data[used], is.factor)]
  groups <- names(ngrps(fit))
  divergences <- sum(subset(nuts_params(fit), Parameter == "divergent__")$Value)
  deepest <- max(subset(nuts_params(fit), Parameter == "treedepth__")$Value)
  cases[[name]] <<- list(
    formula = formula, family = fit$family$family, link = fit$family$link, data = file,
    prior = as.list(prior_text(prior)), n = nobs(fit), groups = lapply(ngrps(fit), unname),
    levels = lapply(data[setdiff(factors, groups)], function(x) as.list(levels(x))),
    chains = 4, draws_per_chain = draws, warmup = warmup, adapt_delta = adapt_delta, seed = 1,
    max_rhat = max(all$rhat, na.rm = TRUE), divergences = divergences,
    params = setNames(lapply(seq_len(nrow(s)), function(i)
      list(mean = s$mean[i], sd = s$sd[i], q2.5 = s$q2.5[i], q97.5 = s$q97.5[i],
           ess_bulk = s$ess_bulk[i])), s$variable))
  write_out()
  times <- rstan::get_elapsed_time(fit$fit)
  cat(sprintf("%-28s %6.0fs (chains %4.0fs)  n %d  min ESS %5.0f (%s)  max rhat %.4f  divergences %d  depth %d\n",
    name, proc.time()[[3]] - t0, max(rowSums(times)), nobs(fit), min(s$ess_bulk),
    s$variable[which.min(s$ess_bulk)], max(all$rhat, na.rm = TRUE), divergences, deepest))
}

# ------------------------------------------------------------------------ data
read_in <- function(folder, f) read.csv(file.path(folder, f), stringsAsFactors = FALSE, na.strings = c("NA", ""),
                                        check.names = FALSE)
fac <- function(x, levels = sort(unique(as.character(x[!is.na(x)])), method = "radix")) factor(as.character(x), levels = levels)
ord <- function(x, levels) factor(x, levels = levels, ordered = TRUE)

wine <- within(read_in(data_folder, "ordinal_wine.csv"), {
  rating <- ord(rating, 1:5); temp <- fac(temp); contact <- fac(contact); judge <- fac(judge) })
F_WINE <- "shared/ordinal_wine.csv"

soup <- within(read_in(data_folder, "ordinal_soup.csv"), {
  SURENESS <- ord(SURENESS, 1:6); PROD <- fac(PROD); RESP <- fac(RESP) })
F_SOUP <- "shared/ordinal_soup.csv"

carrots <- within(read_in(data_folder, "lmerTest_carrots.csv"), {
  Homesize <- fac(Homesize); Consumer <- fac(Consumer) })
F_CAR <- "shared/lmerTest_carrots.csv"

verb <- within(read_in(data_folder, "lme4_VerbAgg.csv"), {
  Gender <- fac(Gender); item <- fac(item); id <- fac(id); btype <- fac(btype); situ <- fac(situ)
  resp <- ord(resp, c("no", "perhaps", "yes")); r2 <- factor(r2, levels = c("N", "Y")) })
F_VERB <- "shared/lme4_VerbAgg.csv"

# rows with a missing gender, politics or age are left out by brms
sim <- within(read_in(out_folder, "sim_toxicity.csv.gz"), {
  rater <- factor(rater); item <- factor(item); rating <- ord(rating, 1:5)
  gender <- fac(gender, c("Female", "Male", "Non-binary"))
  politics <- fac(politics, c("Liberal", "Centre", "Conservative"))
  age <- fac(age, c("18-30", "31-40", "41-50", "51-60", "over 60")) })
F_SIM <- "sim_toxicity.csv.gz"

# ----------------------------------------------------------------- small cases
case("wine", rating ~ temp + contact + (1 | judge), "rating ~ temp + contact + (1 | judge)",
     wine, F_WINE, cumulative("logit"), draws = 6000)
case("wine_disc", bf(rating ~ temp + contact + (1 | judge)) + lf(disc ~ 0 + contact, cmc = FALSE),
     "rating ~ temp + contact + (1 | judge), disc ~ 0 + contact, cmc = FALSE",
     wine, F_WINE, cumulative("logit"), c(PRIOR_USUAL, PRIOR_DISC), draws = 6000)
case("wine_slopes", rating ~ temp + contact + (1 + temp | judge), "rating ~ temp + contact + (1 + temp | judge)",
     wine, F_WINE, cumulative("logit"), c(PRIOR_USUAL, PRIOR_COR), draws = 6000, adapt_delta = 0.99)
# without the 4, brms 2.18 counts three thresholds for the warm wines, whose ratings are 2 to 5, and stops;
# no cold wine is rated 5, so that their fourth threshold has little but its prior
case("wine_probit_groups", rating | thres(4, gr = temp) ~ contact + (1 | judge),
     "rating | thres(4, gr = temp) ~ contact + (1 | judge)", wine, F_WINE, cumulative("logit"), draws = 6000)
# the same with both groups using all five categories
case("wine_contact_groups", rating | thres(gr = contact) ~ temp + (1 | judge),
     "rating | thres(gr = contact) ~ temp + (1 | judge)", wine, F_WINE, cumulative("logit"), draws = 6000)
case("carrots", Preference ~ sens2 + Homesize + (1 + sens2 | Consumer), "Preference ~ sens2 + Homesize + (1 + sens2 | Consumer)",
     carrots, F_CAR, gaussian(), c(PRIOR_GAUSSIAN, PRIOR_COR), draws = 6000)
case("soup", SURENESS ~ PROD + (1 | RESP), "SURENESS ~ PROD + (1 | RESP)", soup, F_SOUP, cumulative("probit"),
     draws = 3000, adapt_delta = 0.8)

# ------------------------------------------------------------------- big cases
case("sim_toxicity", rating ~ gender + politics + age + (1 | rater) + (1 | item),
     "rating ~ gender + politics + age + (1 | rater) + (1 | item)", sim, F_SIM, cumulative("logit"),
     draws = 2500, adapt_delta = 0.8)
case("verbagg", resp ~ Anger + Gender + btype + situ + (1 | id) + (1 | item),
     "resp ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", verb, F_VERB, cumulative("logit"),
     draws = 2500, adapt_delta = 0.8)
case("verbagg_binary", r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item),
     "r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", verb, F_VERB, bernoulli("logit"),
     draws = 2500, adapt_delta = 0.8)
